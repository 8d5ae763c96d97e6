"""Datasets from URLs that users gave. Only the data worker imports this: nobody else opens such connections."""
