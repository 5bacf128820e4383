from .addresses import is_address as is_address
from .auditing import audit as audit
from .auditing import summary as summary
from .store_batch import StoreBatch as StoreBatch
from .store_batch import plan_stores as plan_stores
