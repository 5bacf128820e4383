from .models import TrainedModel as TrainedModel
from .models import train_model as train_model
from .tasks import TRAINABLE as TRAINABLE
from .tasks import Trainable as Trainable
