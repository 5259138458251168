"""Words that several questions share, so that none of them spells its own."""


def spell(sql: str, **words: str) -> str:
    """The question, with `<word>` replaced by what the word stands for. Every word must stand in it."""
    for word, text in words.items():
        if f"<{word}>" not in sql:
            raise ValueError(f"<{word}> is not used")
        sql = sql.replace(f"<{word}>", text)
    return sql
