"""What an event carries is told in words that staff read."""

from partners.timeline import label_data


def test_what_an_event_carries_is_told_under_readable_labels() -> None:
    told = label_data(
        {
            "fromDate": "2026-11-28",
            "toDate": "2026-12-05",
            "leftSessionIds": ["01a1fd05-0a0b-79f9-a9ca-617528757aff"],
            "seats": ["A1", "A2"],
            "taken_off_sale": 3,
            "testMode": False,
            "mailsTickets": True,
            "given": "2026-11-28T10:00",
            "kept": None,
            "lines": [],
        }
    )
    assert told == {
        "From date": "Sat 28 Nov 2026",
        "To date": "Sat 5 Dec 2026",
        "Seats": "A1, A2",
        "Taken off sale": "3",
        "Test mode": "no",
        "Mails tickets": "yes",
        "Given": "2026-11-28T10:00",
    }
