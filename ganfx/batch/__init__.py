"""Many files through one filter or chain: what is to be done (`plan`), doing it once (`maker`, with its `journal`), and
all of it (`run`, in `lanes`)."""
