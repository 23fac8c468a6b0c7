"""`pip config list | python uv_settings.py`: shell lines with which uv uses the indexes that pip
would use.

Exits with 1 where pip was told something that uv has no word for, so that pip must do the work
itself.
"""

import ast
import shlex
import sys

# The later wins, as in pip.
SECTIONS = ("global", "install", ":env:")
ONLY_PIP = {"no-binary", "only-binary", "prefer-binary", "target", "prefix", "root", "user"}
SAME = {
    "index-url": ["UV_DEFAULT_INDEX"],
    "extra-index-url": ["UV_INDEX"],
    "find-links": ["UV_FIND_LINKS"],
    "trusted-host": ["UV_INSECURE_HOST"],
    "no-index": ["UV_NO_INDEX"],
    "no-cache-dir": ["UV_NO_CACHE"],
    "cert": ["SSL_CERT_FILE"],
    "client-cert": ["SSL_CLIENT_CERT"],
    "proxy": ["HTTP_PROXY", "HTTPS_PROXY"],
    "timeout": ["UV_HTTP_TIMEOUT"],
    "default-timeout": ["UV_HTTP_TIMEOUT"],
    "keyring-provider": ["UV_KEYRING_PROVIDER"],
}
# Settings of uv's own stay out: whoever steers pip to a mirror need not steer uv as well.
ALWAYS = {
    "UV_NO_CONFIG": "1",
    "UV_INDEX_STRATEGY": "unsafe-best-match",  # like pip: every index is asked; the hashes choose
    "UV_PYTHON_DOWNLOADS": "never",
}


def settings_of_pip(lines: list[str]) -> dict[str, str]:
    """What holds for `pip install`: each line is `section.name='value'`."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in lines:
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in found:
            found[section][option.replace("_", "-")] = ast.literal_eval(value)
    return {option: value for section in SECTIONS for option, value in found[section].items()}


def for_uv(option: str, value: str) -> str:
    """The value as uv writes it: lists are split at whitespace by pip, those of links at commas by
    uv."""
    if option == "find-links":
        return ",".join(value.split())
    if option == "keyring-provider":
        return "subprocess" if value in ("subprocess", "import") else "disabled"
    return " ".join(value.split()) if option in ("extra-index-url", "trusted-host") else value


def variables(settings: dict[str, str]) -> dict[str, str]:
    """The environment in which uv does as pip would. Raises ValueError where uv has no word."""
    if unknown := sorted(ONLY_PIP & settings.keys()):
        raise ValueError("uv has no word for pip's setting " + ", ".join(unknown))

    found = dict(ALWAYS)
    for option, names in SAME.items():
        if option in settings:
            found |= dict.fromkeys(names, for_uv(option, settings[option]))
    return found


def main() -> int:
    """Print the environment for uv."""
    settings = settings_of_pip(sys.stdin.read().splitlines())
    try:
        found = variables(settings)
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
