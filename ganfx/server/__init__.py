"""The engine as a service of one user, on this computer alone: what painting programs' plug-ins talk to.

`serve` runs it; `describe` says what it can do. Modules: places (the files by which it is found), lifetime (one at a
time, and how it ends), guard and app (HTTP), frames (the wire), jobs, worker and responses (work and what comes of it).
"""
