"""Values and decisions: no socket, no file, no clock."""
