"""Past one machine: the same sweep on several hosts, or on a Slurm cluster.

Hides how a host is reached and made ready, who runs which job, how code gets there and how results
come back. Its parts are asked by name (`sweeptree.hosts.leases`); this door loads none of them.
"""
