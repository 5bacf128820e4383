"""Many files through one filter: what is to be done (`plan`), and doing it (`run`)."""
