"""Values and decisions: what the archiver knows and decides without touching the world."""
