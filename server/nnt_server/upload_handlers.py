"""How the files of a request are received."""

from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler


class NamelessTemporaryFile(TemporaryFileUploadHandler):
    """A large file waits on disk under a name of our own; Django's would end as the sender's does, however long."""

    def new_file(self, *arguments: Any, **named: Any) -> None:
        FileUploadHandler.new_file(self, *arguments, **named)
        self.file = TemporaryUploadedFile(
            "file", self.content_type or "", 0, self.charset, self.content_type_extra
        )
        self.file.name = self.file_name
