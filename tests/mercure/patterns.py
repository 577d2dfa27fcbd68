"""Patterns and what they match: asked of us, and of a browser."""

PATTERNS = [
    ("https://example.com/books/:id", "https://example.com/books/1", True),
    ("https://example.com/books/:id", "https://example.com/books/1/2", False),
    ("https://example.com/books/:id", "https://example.com/books/", False),
    ("https://example.com/books/:id", "http://example.com/books/1", False),
    ("https://example.com/books/:id", "https://EXAMPLE.com/books/1", True),
    ("https://example.com/books/:id", "https://example.com:443/books/1", True),
    ("https://example.com/books/:id", "https://example.com/Books/1", False),
    ("https://example.com/books/:id.jsonld", "https://example.com/books/1.jsonld", True),
    ("https://example.com/users/42/*", "https://example.com/users/42/a/b", True),
    ("https://example.com/users/42/*", "https://example.com/users/43/a", False),
    ("https://example.com/feed/:type(news|alerts)", "https://example.com/feed/news", True),
    ("https://example.com/feed/:type(news|alerts)", "https://example.com/feed/other", False),
    ("https://example.com/items{/:tail}?", "https://example.com/items", True),
    ("https://example.com/items{/:tail}?", "https://example.com/items/x", True),
    (r"https://example.com/(\d+)", "https://example.com/123", True),
    (r"https://example.com/(\d+)", "https://example.com/12a", False),
    ("https://*.example.com/x", "https://a.example.com/x", True),
    ("https://*.example.com/x", "https://example.com/x", False),
    ("https://example.com/x?page=*", "https://example.com/x?page=3", True),
    ("https://example.com/é", "https://example.com/%C3%A9", True),
    (r"urn:uuid\:*", "urn:uuid:e1ee88e2", False),
    (r"urn:uuid\:*", "https://example.com/", False),
    (r"urn\:uuid\:*", "urn:uuid:e1ee88e2", False),
    ("urn:uuid:*", "urn:uuid:e1ee88e2", False),
    ("/books/:id", "/books/1", True),
    ("/books/:id", "https://localhost/books/1", True),
    ("/books/:id", "https://example.com/books/1", False),
    ("https://example.com/*", "not a url at all", False),
    ("https://example.com/*", "http://[", False),
    ("https://e.com/((?:a+)+)", "https://e.com/aaaa", True),
]
"""A pattern, a topic, and whether the one matches the other."""

BAD = ["(", "https://example.com/(", "http://[", "https://example.com/((a))", "https://example.com/:a/:a", "{"]
