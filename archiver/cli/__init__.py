"""Commands, settings, output for people and for programs, exit codes."""
