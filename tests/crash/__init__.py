"""The real program, killed at its system calls and at random times: what must hold whenever it was.

    python -m tests.crash --kills 300

`world` is what it archives, `kills` ends it, `invariants` looks at what is left, `harness` puts a kill, the
look and the run that finishes together.
"""
