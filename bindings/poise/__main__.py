"""`python -m poise`: the command `poise`."""
from poise.cli import main

main()
