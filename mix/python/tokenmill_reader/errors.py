"""The one kind of error that damaged or foreign data raises."""


class DataError(ValueError):
    """Data that is not what its manifest says; the message names the file and what to do next."""
