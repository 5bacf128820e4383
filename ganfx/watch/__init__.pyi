from .folder import open_watcher as open_watcher
from .folder import watch_folder as watch_folder
from .stability import WatchOptions as WatchOptions
from .watcher import Watcher as Watcher
