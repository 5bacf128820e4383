from .folder import Batch as Batch
from .folder import plan_batch as plan_batch
from .folder import run_folder as run_folder
from .options import BatchOptions as BatchOptions
