from mutants import proof

test_every_mutant = proof(__file__)
