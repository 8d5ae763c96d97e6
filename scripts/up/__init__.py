"""Runs the whole platform on one machine: embedded PostgreSQL and Redis, every service under supervisord."""
