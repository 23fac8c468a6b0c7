"""The named roles: nine reusable subflows, one file each."""
