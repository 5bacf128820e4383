"""A folder whose pictures are made as they come: what arrives (`lookout`), what is to be done (`intake`), doing it
(`watcher`)."""
