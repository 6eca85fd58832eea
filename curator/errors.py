"""Every error that Curator raises on purpose.

    CuratorError
    ├── GeometryError      a box or point outside its frame, empty, or not a number
    ├── HierarchyError     a node without parent, a duplicate id, a span outside the caption
    ├── ReviewError        a command that cannot be applied to the hierarchy it names
    │   ├── StaleError     the figure has changed since the page read it
    │   └── RepeatedError  the same request was obeyed before
    ├── LeaseError         another curator holds the figure
    ├── StoreError         the project folder or its database cannot be used
    ├── InputError         something read from outside cannot be used
    │   ├── ArticleError   an article's XML or package
    │   ├── ImageError     an image file
    │   ├── ArchiveError   a .tar.gz or .zip
    │   ├── FetchError     the network
    │   └── AddressError   a network address that may not be asked
    ├── MiningError        an agent could not finish a figure
    │   ├── ModelError     a model server that cannot be reached or refuses, weights that cannot be loaded
    │   ├── ReplyError     a model's reply that stayed unreadable after it was asked again; the raw reply is kept
    │   └── BudgetError    the budget of requests, tokens or money is spent; figures left wait for another run
    ├── SyncError          Label Studio cannot be reached, refuses, or answers what cannot be used
    ├── TrainingError      a training run that cannot start or go on, or a checkpoint that cannot be used
    ├── AccountError       a user, password, session or token that cannot be used
    │   └── RightsError    the user's role does not allow it
    └── SettingsError      a setting that is unknown or out of range

A message says what happened, the value as found, what was expected, and what mends it.
"""


class CuratorError(Exception):
    """Base of all errors that a caller can act on."""


class GeometryError(CuratorError):
    """A box or point that does not lie in its frame."""


class HierarchyError(CuratorError):
    """Nodes that do not form a hierarchy."""


class ReviewError(CuratorError):
    """A review command that cannot be applied."""


class StaleError(ReviewError):
    """The figure has changed since it was read; nothing was saved."""


class RepeatedError(ReviewError):
    """The same request was obeyed before and is not obeyed twice; the answer to it was lost."""


class LeaseError(CuratorError):
    """Another curator holds the figure; nothing was saved."""


class StoreError(CuratorError):
    """The project folder or its database cannot be used."""


class InputError(CuratorError):
    """Something read from outside cannot be used."""


class ArticleError(InputError):
    """An article's XML or package cannot be used."""


class ImageError(InputError):
    """An image file cannot be used."""


class ArchiveError(InputError):
    """An archive is broken or would write outside its folder."""


class FetchError(InputError):
    """A remote file could not be fetched or does not match its checksum."""


class AddressError(InputError):
    """A network address that the settings do not let anybody ask; nothing was sent."""


class MiningError(CuratorError):
    """An agent could not finish a figure."""


class ModelError(MiningError):
    """A model cannot be reached, refuses to answer, or cannot be loaded."""


class ReplyError(MiningError):
    """A model's reply stayed unreadable after it was asked again; the raw reply is kept."""


class BudgetError(MiningError):
    """The budget of requests, tokens or money is spent; nothing was asked."""


class SyncError(CuratorError):
    """Label Studio cannot be reached, refuses, or answers what cannot be used; what waits is sent another time."""


class TrainingError(CuratorError):
    """A training run cannot start or go on, or its checkpoint cannot be used."""


class LoopError(CuratorError):
    """A stage of the loop failed; the round waits there."""


class AccountError(CuratorError):
    """A user, password, session or token cannot be used."""


class RightsError(AccountError):
    """The user's role does not allow it; nothing was done."""


class SettingsError(CuratorError):
    """A setting is unknown or out of range."""
