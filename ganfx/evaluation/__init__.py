"""How good the networks are: the shipped files, run by the engine, beside what anybody has and each other."""
