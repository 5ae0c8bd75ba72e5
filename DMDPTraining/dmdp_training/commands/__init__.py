"""The commands that the training package adds to ``dmdp`` (entry-point group ``dmdp.commands``)."""

from .demo import COMMAND as DEMO
from .simulate import COMMAND as SIMULATE
from .train import COMMAND as TRAIN

COMMANDS = [DEMO, SIMULATE, TRAIN]
