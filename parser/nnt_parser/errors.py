"""What can go wrong here.

SimulationDeleted       what is to be stored belongs to nobody any more
Refused                 at the door (nnt_service.errors), besides what every service refuses:
├── Foreign             403  the update is for another simulation or attempt than the token
├── Gone                410  the simulation was deleted: its token has ended
├── TooLarge            413
└── UnknownEncoding     415
"""

from nnt_service.errors import Refused


class SimulationDeleted(Exception):
    pass


class Gone(Refused):
    status = 410
    error = "gone"


class Foreign(Refused):
    status = 403
    error = "foreign"


class TooLarge(Refused):
    status = 413
    error = "too_large"


class UnknownEncoding(Refused):
    status = 415
    error = "unknown_encoding"
