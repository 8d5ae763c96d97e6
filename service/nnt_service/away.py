"""What it looks like when a service that we need is away."""

import kombu.exceptions
import psycopg2

# The second is what psycopg2 says of a connection that was lost a moment ago.
DATABASE_AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)

# What sending a message raises. A loop of the service then does what the message would have.
REDIS_AWAY = (kombu.exceptions.OperationalError, ConnectionError, OSError)
