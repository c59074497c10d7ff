"""PostgreSQL and Redis for a machine that has none running, and the processes of `erpsync up`.

`launcher.ensure` gives the two addresses; `supervisor.Supervisor` keeps a set of commands running.
"""
