"""Commands, streams and tunnels over ssh: one connection per host, never a question.

Hides: ssh's options and messages, the shared connection and how a hanging one is noticed and
replaced, the quoting for the host's shell, and the reverse tunnel that comes back by itself.
"""

from sweeptree.hosts.ssh.command import Target
from sweeptree.hosts.ssh.master import Done, Master, Stream
from sweeptree.hosts.ssh.port_file import tunnel_port
from sweeptree.hosts.ssh.tunnel import Tunnel

__all__ = ["Done", "Master", "Stream", "Target", "Tunnel", "tunnel_port"]
