"""Sources of the plug-ins; `ganfx plugins install` copies them into the painting programs. Never imported by ganfx."""
