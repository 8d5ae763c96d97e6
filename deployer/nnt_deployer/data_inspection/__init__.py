"""What an experiment's data are like, found out before anybody trains on them: strangers' files are read here."""
