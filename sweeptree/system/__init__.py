"""What the operating system gives: durable files, locks, room on the disk, quick imports.

Standard library only.
"""
