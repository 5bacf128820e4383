"""How good the upscalers are: the shipped files, run by the engine, beside bicubic and each other."""
