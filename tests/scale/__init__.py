"""More than one machine: several processes and users against one database with a replica, measured,
killed and simulated. What `make scale` runs."""
