"""OpenTicket: reserve one ticket at a time, order what was reserved, pay at a page of ours.

Both of its hosts are below one prefix: the shop's at `/openticket/{shop}`, which asks for no key, and
the API's at `/openticket/shop/{shop}`, which takes an access token.
"""
