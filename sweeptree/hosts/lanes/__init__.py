"""A lane: one host's share of a sweep, leased job by job and run as on any single machine.

Hides: that a lane goes on by itself when the driver, the server or the cable is away; that its
results wait on the host's disk until they are accepted; and how a lane comes up on a host, with
one address for the server however often the tunnel to it is made anew.
"""
