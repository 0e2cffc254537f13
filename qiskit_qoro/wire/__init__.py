"""The wire format: conversion between values and bytes or JSON. No I/O; client and local service share it."""
