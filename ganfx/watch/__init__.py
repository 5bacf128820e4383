"""A folder whose pictures are made as they come: what arrives (`monitor`), what is to be done (`classifier`), doing it
(`watcher`)."""
