"""How the program behaves with many: its rate over a thousand generations, its memory over a million rows.

python -m tests.scale
"""
