"""The hundred equations of examples/equations.txt: each is solved, in order, and the residuals are small."""
from harness import celeriac
from harness.case import Case, main

FILE = celeriac.SOURCE / "examples/equations.txt"


class Equations(Case):
    def test_all_hundred_are_solved(self):
        lines = [line for line in FILE.read_text().splitlines() if line.strip()]
        self.assertEqual(len(lines), 100)
        self.assertEqual(len(set(lines)), 100)
        self.worker("-P", 2, "-T", 1)
        rows = self.celeriac("map", "--json", "solve", FILE, timeout=120).json
        self.assertEqual(len(rows), 100)
        kinds = set()
        for text, row in zip(lines, rows):
            with self.subTest(text):
                self.assertEqual(row["state"], "success", row)
                answer = row["result"]
                kinds.add("system" if "solution" in answer else f"{min(len(answer['roots']), 2)} roots")
                self.assertTrue(answer.get("roots") or answer.get("solution"), row)
                self.assertLess(abs(answer["residual"]), 1e-6, row)
                self.assertEqual(answer.get("roots"), sorted(answer["roots"]) if "roots" in answer else None)
        self.assertEqual(kinds, {"1 roots", "2 roots", "system"})


if __name__ == "__main__":
    main()
