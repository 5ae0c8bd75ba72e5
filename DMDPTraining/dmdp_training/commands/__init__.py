"""The commands that the training package adds to ``dmdp`` (entry-point group ``dmdp.commands``)."""

from .demo import COMMAND as DEMO
from .simulate import COMMAND as SIMULATE
from .train import COMMAND as TRAIN
from .validate import COMMAND as VALIDATE

COMMANDS = [DEMO, SIMULATE, TRAIN, VALIDATE]
