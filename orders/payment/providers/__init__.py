"""Payment providers: one module each, chosen by PAYMENT_VARIANTS as django-payments does it."""
