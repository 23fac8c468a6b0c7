"""Making a host ready: what `sweeptree hosts add`, `check`, `list` and `remove` do.

Hides: how a host is looked at by one command, how the same sweeptree gets there for the host's own
Python without asking anything of its network, and what must be right before a sweep may use it.
"""

from sweeptree.hosts.setting_up.adding import Order, Where, add, mended, remove
from sweeptree.hosts.setting_up.checking import Checked, check, check_ready

__all__ = ["Checked", "Order", "Where", "add", "check", "check_ready", "mended", "remove"]
