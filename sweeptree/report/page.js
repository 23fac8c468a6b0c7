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
        table.dispatchEvent(new Event("sorted"));
      });
    });
  };

  // Words and the brush together decide which rows are shown.
  const chosen = { configs: null };
  const filters = [];
  const MOST_ROWS = 200;

  const filterable = (table) => {
    const body = table.tBodies[0];
    const names = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    const said = (row) => [...row.cells].map((cell, n) => `${cell.textContent} ${names[n]}=${cell.textContent}`);
    const texts = new Map(); // read once, when they are first needed
    let words = [];
    let most = MOST_ROWS; // a browser lays out no more than these in a blink
    const rest = document.createElement("button");
    rest.type = "button";
    rest.className = "act";
    rest.addEventListener("click", () => {
      most = Infinity;
      show();
    });
    const fits = (row) => {
      if (chosen.configs !== null && !chosen.configs.has(row.dataset.config)) return false;
      if (!words.length) return true;
      if (!texts.has(row)) texts.set(row, said(row).join(" ").toLowerCase());
      return words.every((word) => texts.get(row).includes(word));
    };
    const show = () => {
      let many = 0;
      for (const row of body.rows) {
        const hidden = !fits(row);
        if (row.hidden !== hidden) row.hidden = hidden;
        row.classList.toggle("beyond", !hidden && ++many > most);
      }
      rest.hidden = many <= most;
      rest.textContent = `Show ${many - most} more rows`;
    };
    table.addEventListener("sorted", show);
    table.parentElement.after(rest);
    show();
    filters.push(show);
    if (body.rows.length < 8) return;
    const box = document.createElement("input");
    box.type = "search";
    box.className = "find";
    box.placeholder = "Show rows with …";
    box.setAttribute("aria-label", `Filter the table ${table.getAttribute("aria-label")}`);
    box.addEventListener("input", () => {
      words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      show();
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

  const shape = (tag, attributes) => {
    const made = document.createElementNS(document.querySelector("svg").namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const say = (event, text) => {
    tip.textContent = text;
    tip.hidden = false;
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - high - 8))}px`;
  };
  const hush = () => {
    tip.hidden = true;
  };

  // A title shows only after a second, and not at all on a touch screen: it becomes our own.
  const hovering = (title) => {
    const mark = title.parentElement;
    const text = title.textContent;
    mark.setAttribute("aria-label", text);
    title.remove();
    mark.addEventListener("pointermove", (event) => say(event, text));
    mark.addEventListener("pointerleave", hush);
  };

  const points = (line) => [...line.points].map((point) => [point.x / 1000, 1 - point.y / 1000]);
  const limits = (text) => text.split(" ").map(Number);
  const short = (value) => String(Number(value.toPrecision(4)));

  // The values at the step that is nearest to the pointer, the nearest curve first.
  const readable = (plot) => {
    const [low, high] = limits(plot.dataset.x);
    const series = [...plot.querySelectorAll(".series")].map((group) => {
      const line = group.querySelector(".curve");
      return { group, line, at: points(line).map(([x]) => x), values: limits(line.dataset.values) };
    });
    const cross = shape("line", { class: "cross", y1: 0, y2: "100%" });
    cross.style.display = "none";
    plot.append(cross);
    plot.addEventListener("pointermove", (event) => {
      const frame = plot.getBoundingClientRect();
      const [x, y] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
      let step = null;
      for (const { at } of series) {
        for (const one of at) if (step === null || Math.abs(one - x) < Math.abs(step - x)) step = one;
      }
      const found = [];
      for (const { group, line, at, values } of series) {
        const place = at.findIndex((one) => Math.abs(one - step) < 1e-4);
        if (place < 0 || group.classList.contains("dim")) continue;
        const away = Math.abs(line.points[place].y / 1000 - y);
        found.push({ away, text: `${group.dataset.name}: ${short(values[place])}` });
      }
      found.sort((a, b) => a.away - b.away);
      cross.setAttribute("x1", `${100 * step}%`);
      cross.setAttribute("x2", `${100 * step}%`);
      cross.style.display = "";
      say(event, [`step ${short(low + step * (high - low))}`, ...found.map((one) => one.text)].join("\n"));
    });
    plot.addEventListener("pointerleave", () => {
      cross.style.display = "none";
      hush();
    });
  };

  // A button that draws a panel's values by their logarithms; only where all are positive.
  const logarithmic = (plot) => {
    const lines = [...plot.querySelectorAll(".curve")];
    const bands = [...plot.querySelectorAll(".band")];
    const values = lines.map((line) => limits(line.dataset.values));
    const [least, most] = [Math.min(...values.flat()), Math.max(...values.flat())];
    if (!(least > 0) || most <= least) return;
    const [low, high] = limits(plot.dataset.y);
    const ticks = plot.querySelector(".ticks");
    const linear = { ticks: [...ticks.childNodes], shapes: new Map([...lines, ...bands].map((one) => [one, one.getAttribute("points")])) };
    const span = Math.log(most / least);
    const up = (value) => Math.log(Math.max(value, least) / least) / span;
    const move = (one, heights) => {
      const at = points(one).map(([x], n) => `${1000 * x},${(1000 * (1 - heights[n])).toFixed(2)}`);
      one.setAttribute("points", at.join(" "));
    };
    const marks = () => {
      const found = [];
      for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power += 1) {
        for (const factor of span > 5 ? [1] : [1, 2, 5]) found.push(factor * 10 ** power);
      }
      const within = found.filter((value) => value >= least && value <= most);
      return within.length > 1 ? within : [least, most];
    };
    const tick = (value) => {
      const at = `${100 * (1 - up(value))}%`;
      const text = shape("text", { x: -8, y: at, dy: "0.32em", "text-anchor": "end" });
      text.textContent = short(value);
      return [shape("line", { class: "grid", x1: 0, x2: "100%", y1: at, y2: at }), text];
    };
    const button = document.createElement("button");
    button.type = "button";
    button.className = "act log";
    button.textContent = "log scale";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const isLog = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isLog));
      linear.shapes.forEach((text, one) => one.setAttribute("points", text));
      ticks.replaceChildren(...(isLog ? marks().flatMap(tick) : linear.ticks));
      if (!isLog) return;
      lines.forEach((line, n) => move(line, values[n].map(up)));
      bands.forEach((band) => move(band, points(band).map(([, y]) => up(low + y * (high - low)))));
    });
    plot.closest("figure").querySelector("figcaption").append(" ", button);
  };

  // Drag along an axis: only the configs whose lines pass there stay, here and in the tables.
  const brushable = (box) => {
    const plot = box.querySelector("svg.parallel");
    const axes = [...plot.querySelectorAll(".axis")];
    const lines = [...plot.querySelectorAll(".line")].map((line) => ({ line, at: points(line) }));
    const brushes = new Map();
    const note = document.createElement("p");
    note.className = "note brushed";
    note.textContent = "Drag along an axis to choose configs, here and in the tables.";
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "act";
    clear.textContent = "Show all";
    const choose = () => {
      const kept = new Set();
      for (const { line, at } of lines) {
        const isIn = [...brushes].every(([n, { from, to }]) => at[n][1] >= from && at[n][1] <= to);
        line.classList.toggle("off", !isIn);
        if (isIn) kept.add(line.dataset.config);
      }
      chosen.configs = brushes.size ? kept : null;
      note.textContent = brushes.size
        ? `${kept.size} of ${lines.length} configs are chosen, here and in the tables. `
        : "Drag along an axis to choose configs, here and in the tables.";
      if (brushes.size) note.append(clear);
      filters.forEach((show) => show());
    };
    const drop = (n) => {
      brushes.get(n)?.mark.remove();
      brushes.delete(n);
    };
    const draw = (n, a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const x = `${(100 * n) / (axes.length - 1)}%`;
      const mark = brushes.get(n)?.mark ?? plot.appendChild(shape("rect", { class: "brush", width: 16 }));
      for (const [name, value] of Object.entries({ x, y: `${100 * (1 - to)}%`, height: `${100 * (to - from)}%`, transform: "translate(-8)" })) {
        mark.setAttribute(name, value);
      }
      brushes.set(n, { from, to, mark });
    };
    let begun = null;
    const where = (event) => {
      const frame = plot.getBoundingClientRect();
      const x = (event.clientX - frame.left) / frame.width;
      const n = Math.round(x * (axes.length - 1));
      const away = Math.abs(x - n / (axes.length - 1)) * frame.width;
      return { n, away, y: Math.min(1, Math.max(0, 1 - (event.clientY - frame.top) / frame.height)) };
    };
    plot.addEventListener("pointerdown", (event) => {
      const at = where(event);
      if (at.away > 30 || at.n < 0 || at.n >= axes.length) return;
      begun = at;
      plot.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    plot.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      draw(begun.n, begun.y, where(event).y);
      choose();
    });
    plot.addEventListener("pointerup", (event) => {
      if (begun === null) return;
      if (Math.abs(where(event).y - begun.y) < 0.01) drop(begun.n); // a click takes it away
      begun = null;
      choose();
    });
    clear.addEventListener("click", () => {
      [...brushes.keys()].forEach(drop);
      choose();
    });
    box.before(note);
  };

  // A link to a job opens the list that it stands in.
  const reveal = () => {
    const row = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const list = row && row.closest("details");
    if (!list) return;
    list.open = true;
    row.hidden = false;
    row.classList.remove("beyond");
    row.scrollIntoView({ block: "center" });
  };

  document.body.append(tip);
  document.querySelectorAll("svg title").forEach(hovering);
  document.querySelectorAll(".plot[data-x]").forEach((plot) => {
    readable(plot);
    logarithmic(plot);
  });
  document.querySelectorAll(".brushable").forEach(brushable);
  addEventListener("hashchange", reveal);
  reveal();
  document.querySelectorAll("table.data").forEach((table) => {
    sortable(table);
    filterable(table);
  });
  document.querySelectorAll(".legend").forEach(isolating);
  document.querySelectorAll(".copy").forEach(copyable);
})();
