"use strict";
(() => {
  const key = (row, place) => {
    const cell = row.cells[place];
    return "key" in cell.dataset ? Number(cell.dataset.key) : null;
  };
  const text = (row, place) => row.cells[place].textContent;

  // What has no value stands last, whichever way is asked for.
  const compare = (place, sign) => (a, b) => {
    const [x, y] = [key(a, place), key(b, place)];
    if (x !== null || y !== null) return x === null ? 1 : y === null ? -1 : sign * (x - y);
    const [s, t] = [text(a, place), text(b, place)];
    return s && t ? sign * s.localeCompare(t, undefined, { numeric: true }) : s ? -1 : t ? 1 : 0;
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort(compare(place, down ? -1 : 1)));
      });
    });
  };

  const filterable = (table) => {
    if (table.tBodies[0].rows.length < 8) return;
    const box = document.createElement("input");
    box.type = "search";
    box.className = "find";
    box.placeholder = "Show rows with …";
    box.setAttribute("aria-label", `Filter the table ${table.getAttribute("aria-label")}`);
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of table.tBodies[0].rows) {
        const said = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => said.includes(word));
      }
    });
    table.parentElement.before(box);
  };

  const isolating = (legend) => {
    const marks = [...legend.querySelectorAll("li")];
    const lines = legend.parentElement.querySelectorAll(".panels .series");
    const press = (mark) => {
      const alone = mark.getAttribute("aria-pressed") !== "true";
      marks.forEach((other) => other.setAttribute("aria-pressed", String(alone && other === mark)));
      lines.forEach((line) => line.classList.toggle("dim", alone && line.dataset.series !== mark.dataset.series));
    };
    for (const mark of marks) {
      mark.setAttribute("role", "button");
      mark.setAttribute("aria-pressed", "false");
      mark.tabIndex = 0;
      mark.addEventListener("click", () => press(mark));
      mark.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          press(mark);
        }
      });
    }
  };

  const copyable = (box) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "act";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const line = box.querySelector("pre");
      try {
        await navigator.clipboard.writeText(line.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(line);
        button.textContent = "Selected";
      }
    });
    box.append(button);
  };

  document.querySelectorAll("table.data").forEach((table) => {
    sortable(table);
    filterable(table);
  });
  document.querySelectorAll(".legend").forEach(isolating);
  document.querySelectorAll(".copy").forEach(copyable);
})();
