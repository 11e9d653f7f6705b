"""Python's requests: `with_requests.py <url> <body file>`."""
import os
import sys

import requests

url, body = sys.argv[1:3]
headers = {"Authorization": "Bearer " + os.environ["RAILWAY_TOKEN"], "Content-Type": "application/json"}
with open(body, "rb") as text:
    print(requests.post(url, headers=headers, data=text.read(), timeout=60).text)
