from .folder import Batch as Batch
from .folder import BatchOptions as BatchOptions
from .folder import plan_batch as plan_batch
from .folder import run_folder as run_folder
