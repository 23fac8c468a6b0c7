"""`sweeptree doctor`: what works here and what does not, each with the next command."""

from sweeptree.cli.commands.doctor.verb import doctor as doctor
