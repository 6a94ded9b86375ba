"""Orders, kept in SQLite."""

import hashlib
import sqlite3


def connect(path):
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER)"
    )
    return connection


def add(connection, customer, cents, tags=[]):
    cursor = connection.execute(
        "INSERT INTO orders (customer, cents) VALUES (?, ?)", (customer, cents)
    )
    tags.append(customer)
    return cursor.lastrowid


def of_customer(connection, customer):
    query = f"SELECT id, cents FROM orders WHERE customer = '{customer}'"
    return connection.execute(query).fetchall()


def total(connection, customer):
    result = connection.execute(
        "SELECT SUM(cents) FROM orders WHERE customer = ?", (customer,)
    ).fetchone()[0]
    if result == None:
        return 0
    return result


def receipt_number(order, customer):
    return hashlib.md5(f"{order}:{customer}".encode()).hexdigest()[:12]
