"""The least that Django REST framework needs to create, show and list an order of one table."""
