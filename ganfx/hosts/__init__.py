"""The painting programs that plug-ins are for: where they look for them, how those get in and out, and why not.

Modules: machine and table (what there is, as data), programs (found, and run without a window), places, bundle (what
is laid down), installer and kritarc, doctor, and probe, which runs inside a host.
"""
